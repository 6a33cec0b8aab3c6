<?php
// Pushes the percents 0 to 100 to the pages of one uid.
//
// Usage: php push.php [uid] [host] [port]      (default: uid1 127.0.0.1 5678; or unix:/PATH as host)
// If the environment has a CRIER_SECRET, it is said first (push_server --backend-secret-file).

[$uid, $host, $port] = array_slice($argv, 1, 3) + ['uid1', '127.0.0.1', '5678'];

$server = @stream_socket_client(
    str_starts_with($host, 'unix:') ? 'unix://' . substr($host, 5) : "tcp://$host:$port", $errno, $error, 5)
    or fail("cannot reach $host:$port: $error");
stream_set_timeout($server, 5);

$secret = (string) getenv('CRIER_SECRET');
if ($secret !== '') {
    @fwrite($server, "$secret\n");
    if (fgets($server) !== "ok\n") {
        fail("$host:$port does not take the secret of CRIER_SECRET");
    }
}

for ($percent = 0; $percent <= 100; ++$percent) {
    @fwrite($server, json_encode(['uid' => $uid, 'percent' => "$percent%"]) . "\n");
    $reply = fgets($server);
    if ($reply === false) {
        fail("no reply from $host:$port at $percent%");
    }
    if ($reply !== "ok\n") {
        fail("the reply to $percent% is " . trim($reply) . ", not ok: does a page listen as $uid, "
            . "or has CRIER_SECRET to be set?");
    }
    usleep(20_000);
}
echo "101 pushed to $uid, every reply is ok\n";

function fail(string $why): never
{
    fwrite(STDERR, "push.php: $why\n");
    exit(1);
}
