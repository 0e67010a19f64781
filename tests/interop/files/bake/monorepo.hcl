# Services of one repository, on a base that is a target itself.
group "default" {
  targets = ["api", "web", "jobs"]
}

target "base" {
  context = "base"
  target  = "runtime"
}

target "api" {
  context    = "services/api"
  dockerfile = "docker/Dockerfile.prod"
  target     = "api"
  contexts = {
    base   = "target:base"
    shared = "libs/shared"
    alpine = "docker-image://alpine:3.20"
  }
  tags = ["registry.example/api"]
}

target "web" {
  context  = "services/web"
  contexts = { proto = "libs/proto" }
  tags     = ["registry.example/web"]
}

target "jobs" {
  inherits = ["api"]
  target   = "jobs"
  tags     = ["registry.example/jobs"]
}
