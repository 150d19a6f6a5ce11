# shellcheck shell=bash disable=SC2154  # work is the runner's
# The runner's root file system as an image.

# The image's files, made by hand: an OCI layout of one compressed layer.
make_layout() {
  local layout=$1 layer config manifest
  mkdir -p "$layout/blobs/sha256"
  tar --owner=0 --group=0 --numeric-owner -C "$work/rootfs" -cf "$work/layer.tar" .
  gzip -nc "$work/layer.tar" >"$work/layer.tgz"
  layer=$(add_blob "$layout" "$work/layer.tgz")
  cat >"$work/config" <<END
{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/bin/sh","-c"],"Cmd":["echo \$GREETING; id -u; pwd"],
"Env":["GREETING=hello","PATH=/bin"],"WorkingDir":"/made/here","User":"app"},
"rootfs":{"type":"layers","diff_ids":["sha256:$(sha256sum <"$work/layer.tar" | cut -c1-64)"]}}
END
  config=$(add_blob "$layout" "$work/config")
  cat >"$work/manifest" <<END
{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json",$config},
"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",$layer}]}
END
  manifest=$(add_blob "$layout" "$work/manifest")
  echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
  cat >"$layout/index.json" <<END
{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",$manifest}]}
END
}
# The digest and size of a descriptor.
add_blob() {
  local digest
  digest=$(sha256sum <"$2" | cut -c1-64)
  cp "$2" "$1/blobs/sha256/$digest"
  printf '"digest":"sha256:%s","size":%d' "$digest" "$(stat -c %s "$2")"
}
