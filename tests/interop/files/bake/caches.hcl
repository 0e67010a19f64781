# Every cache backend, written as text and as objects.
target "registry" {
  target     = "app"
  cache-from = ["type=registry,ref=registry.example/app:cache", "registry.example/app:latest"]
  cache-to   = ["type=registry,ref=registry.example/app:cache,mode=max,image-manifest=true"]
}

target "github" {
  target     = "app"
  cache-from = [{ type = "gha", scope = "app" }]
  cache-to   = [{ type = "gha", scope = "app", mode = "max" }]
}

target "folder" {
  target     = "app"
  cache-from = [{ type = "local", src = ".cache" }]
  cache-to   = [{ type = "local", dest = ".cache" }]
}

target "bucket" {
  target     = "app"
  cache-from = ["type=s3,region=eu-west-1,bucket=caches,name=app"]
  cache-to   = ["type=s3,region=eu-west-1,bucket=caches,name=app,mode=max"]
}

target "inline" {
  target     = "app"
  tags       = ["registry.example/app:latest"]
  cache-from = ["registry.example/app:latest"]
  cache-to   = ["type=inline"]
}
