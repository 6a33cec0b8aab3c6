#!/usr/bin/env bash
# Pushes the percents 0 to 100 to the pages of one uid.
#
# Usage: push.sh [uid] [host] [port]      (default: uid1 127.0.0.1 5678)
# If the environment has a CRIER_SECRET, it is said first (push_server --backend-secret-file).

uid=${1:-uid1} host=${2:-127.0.0.1} port=${3:-5678}

fail() {
    echo "push.sh: $1" >&2
    exit 1
}

# A write to a server that went away is to fail, not to end the script without a word.
trap '' PIPE

{ exec 3<>"/dev/tcp/$host/$port"; } 2>/dev/null || fail "cannot reach $host:$port"

if [[ ${CRIER_SECRET-} ]]; then
    printf '%s\n' "$CRIER_SECRET" 2>/dev/null >&3
    IFS= read -r -t 5 reply <&3 && [[ $reply == ok ]] ||
        fail "$host:$port does not take the secret of CRIER_SECRET"
fi

# The uid as the inside of a JSON string.
name=${uid//\\/\\\\}
name=${name//\"/\\\"}

for percent in {0..100}; do
    if ! printf '{"uid":"%s","percent":"%d%%"}\n' "$name" "$percent" 2>/dev/null >&3 ||
        ! IFS= read -r -t 5 reply <&3; then
        fail "no reply from $host:$port at $percent%"
    fi
    [[ $reply == ok ]] || fail "the reply to $percent% is $reply, not ok: does a page listen as $uid, or has CRIER_SECRET to be set?"
    sleep 0.02
done
echo "101 pushed to $uid, every reply is ok"
