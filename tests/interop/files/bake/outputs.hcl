# Where results can go.
target "files" {
  target = "out"
  output = ["type=local,dest=out"]
}

target "archive" {
  target = "out"
  output = ["type=tar,dest=out.tar"]
}

target "layout" {
  target = "out"
  output = ["type=oci,dest=image.tar,compression=zstd,compression-level=19,force-compression=true"]
}

target "loaded" {
  target = "out"
  tags   = ["out:dev"]
  output = [{ type = "docker" }]
}

target "pushed" {
  target = "out"
  tags   = ["registry.example/out:1"]
  output = ["type=image,push=true,oci-mediatypes=true"]
}

target "both" {
  target = "out"
  tags   = ["registry.example/out:1"]
  output = ["type=registry", "type=local,dest=out"]
}

target "nothing" {
  target = "out"
  output = ["type=cacheonly"]
}
