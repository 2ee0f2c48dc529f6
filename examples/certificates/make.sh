#!/bin/sh
# Makes every certificate of the examples and the tests, with the command openssl, version 3.
set -eu
cd "$(dirname "$0")"
DAYS=36500

key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
}

# authority NAME SUBJECT
authority() {
  key "$1"
  openssl req -x509 -new -key "$1.key" -subj "/CN=$2" -days $DAYS -out "$1.crt" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
}

# signed NAME SUBJECT ALTERNATIVE_NAMES USAGE [OPTIONS...]
signed() {
  name=$1 subject=$2 names=$3 usage=$4
  shift 4
  key "$name"
  [ $# -gt 0 ] || set -- -days $DAYS
  openssl req -new -key "$name.key" -subj "/CN=$subject" -addext "subjectAltName=$names" \
    -addext "basicConstraints=critical,CA:FALSE" -addext "extendedKeyUsage=$usage" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -copy_extensions copy "$@" -out "$name.crt" \
      2>/dev/null
}

authority ca "Sluice test authority"
authority stranger "Somebody else's authority"
signed localhost localhost "DNS:localhost,IP:127.0.0.1,IP:::1" serverAuth
signed other other.example "DNS:other.example,DNS:*.other.example" serverAuth
signed client "Ada Lovelace" "email:ada@example.com" clientAuth
signed expired localhost "DNS:localhost,IP:127.0.0.1" serverAuth -days -1
# What an authority is for is done: nothing more can be signed in these names.
rm -f ca.key ca.srl stranger.key
