# One service as most begin: variables, a common target, inheritance, groups.
variable "TAG" {
  default = "dev"
}

variable "REGISTRY" {
  default = "registry.example/shop"
}

group "default" {
  targets = ["web", "worker"]
}

group "ci" {
  targets = ["lint", "test"]
}

group "all" {
  targets = ["default", "ci"]
}

target "_common" {
  context    = "."
  dockerfile = "Dockerfile"
  args = {
    PYTHON = "3.12"
  }
  labels = {
    "org.opencontainers.image.vendor" = "Example"
  }
}

target "web" {
  inherits = ["_common"]
  target   = "web"
  tags     = ["${REGISTRY}/web:${TAG}", "${REGISTRY}/web:latest"]
  description = "What customers see"
}

target "worker" {
  inherits = ["_common"]
  target   = "worker"
  tags     = ["${REGISTRY}/worker:${TAG}"]
  args = {
    PYTHON = "3.13"
  }
}

target "lint" {
  inherits = ["_common"]
  target   = "lint"
  output   = ["type=cacheonly"]
}

target "test" {
  inherits = ["_common"]
  target   = "test"
  output   = ["type=local,dest=reports"]
}
