# For several platforms, with statements about the images, annotated.
variable "REVISION" {
  default = "0123abc"
}

target "release" {
  target    = "release"
  platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"]
  tags      = ["registry.example/tool:1.2.3", "registry.example/tool:1.2", "registry.example/tool:1"]
  labels = {
    "org.opencontainers.image.revision" = REVISION
    "org.opencontainers.image.title"    = "A tool, \"quoted\""
  }
  annotations = [
    "org.opencontainers.image.revision=${REVISION}",
    "index,manifest:org.opencontainers.image.url=https://tool.example/?a=b",
  ]
  attest = ["type=provenance,mode=max", "type=sbom,generator=registry.example/scanner:1"]
  output = ["type=registry"]
}

target "bare" {
  inherits = ["release"]
  platforms = ["linux/amd64"]
  attest   = ["type=provenance,disabled=true", { type = "sbom", disabled = true }]
  output   = ["type=docker"]
}
