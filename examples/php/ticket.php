<?php
// Prints a ticket: who shows it to push_server --ticket-key-file KEYFILE is UID, until it ends.
//
// Usage: php ticket.php UID KEYFILE [SECONDS]      (default: it ends in 60 seconds)
//
// It signs with the first key of the file, lines of ID SECRET. To change keys without a break: add
// the new one at the end, send push_server a HUP, put the new one first, and take the old one away
// when its tickets have ended.

[, $uid, $file, $seconds] = $argv + [null, '', '', '60'];
if ($uid === '' || $file === '' || !ctype_digit($seconds)) {
    fail('usage: php ticket.php UID KEYFILE [SECONDS]');
}
$lines = @file($file) ?: fail("cannot read keys in $file");
$keys = preg_grep('/^\s*[^#\s]/', $lines) ?: fail("no key in $file");
[$id, $secret] = preg_split('/\s+/', trim(reset($keys))) + [1 => ''];
$secret !== '' or fail("no secret in the first key of $file");

echo ticket($uid, $id, $secret, time() + (int) $seconds), "\n";

// The ticket of a uid, which ends at a time in seconds since 1970. This is all that a site needs.
function ticket(string $uid, string $id, string $secret, int $end): string
{
    $base64url = fn (string $bytes) => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $body = "$id.$end." . $base64url($uid);
    return "$body." . $base64url(hash_hmac('sha256', $body, $secret, true));
}

function fail(string $why): never
{
    fwrite(STDERR, "ticket.php: $why\n");
    exit(1);
}
