#!/bin/sh
# Makes the certificates of this folder with openssl. Their keys are thrown away.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/root.key" -out "$work/root.pem" -days 3650 -subj "/O=Example/CN=Example Root" 2>/dev/null
leaf() { # name subject digest algorithm…
  name=$1; subject=$2; digest=$3; shift 3
  openssl req -new -newkey "$@" -nodes -keyout "$work/$name.key" -out "$work/$name.csr" -subj "$subject" 2>/dev/null
  openssl x509 -req -in "$work/$name.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -CAcreateserial -days 30 "-$digest" -out "$work/$name.pem" 2>/dev/null
}
leaf good "/O=Example/CN=web.example" sha256 ec -pkeyopt ec_paramgen_curve:prime256v1
leaf weak "/O=Example/CN=old.example" sha1 rsa:1024
cat "$work/good.pem" "$work/root.pem" > chain.pem
cp "$work/weak.pem" weak.pem
openssl x509 -in "$work/good.pem" -outform der -out good.der
