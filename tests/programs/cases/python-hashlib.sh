# tags: arm64
python3 - <<'END'
import hashlib, hmac, zlib, binascii, base64, random, secrets, bz2, lzma
data = bytes(range(256)) * 40
for name in sorted(hashlib.algorithms_guaranteed):
    h = hashlib.new(name, data)
    print(name, h.hexdigest(16) if name.startswith("shake") else h.hexdigest())
print(hmac.new(b"key", data, "sha256").hexdigest())
print(zlib.crc32(data), zlib.adler32(data), binascii.crc_hqx(data, 0))
print(hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 200).hex())
random.seed(7)
print([random.random() for _ in range(4)], random.sample(range(1000), 5), random.gauss(0, 1))
for module in (zlib, bz2, lzma):
    packed = module.compress(data)
    print(module.__name__, len(packed), module.decompress(packed) == data)
print(len(secrets.token_bytes(16)), base64.b85encode(data[:20]))
END
