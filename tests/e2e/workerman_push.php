<?php
// The calls of the Workerman push example's back-end script, one for one, to prove that such a
// script works against crier unchanged. The uid may be overridden: php workerman_push.php <uid>

$client = stream_socket_client('tcp://127.0.0.1:5678', $errno, $errmsg, 1);
$data = array('uid' => $argv[1] ?? 'uid1', 'percent' => '88%');
fwrite($client, json_encode($data) . "\n");
echo fread($client, 8192);
