# tags: arm64
seq 1000 >f
openssl dgst -sha256 f
openssl dgst -sha3-512 -hmac key f
openssl enc -aes-256-cbc -pbkdf2 -iter 10 -S 0011223344556677 -k secret -in f | md5sum
openssl enc -aes-128-ctr -K 000102030405060708090a0b0c0d0e0f -iv 00 -in f 2>/dev/null | md5sum
openssl enc -chacha20 -K 00 -iv 00 -in f 2>/dev/null | md5sum
openssl genpkey -algorithm ed25519 -out key 2>/dev/null
openssl pkey -in key -pubout -out pub
openssl pkeyutl -sign -rawin -inkey key -in f -out sig
openssl pkeyutl -verify -rawin -pubin -inkey pub -in f -sigfile sig
openssl prime 1000003
openssl version | cut -d' ' -f1
rm key pub sig
