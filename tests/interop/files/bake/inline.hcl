# Dockerfiles in the bake file, checks, and entitlements.
target "tool" {
  dockerfile-inline = <<EOT
FROM busybox AS tool
RUN echo hello > /hello
EOT
  target = "tool"
}

target "checked" {
  target = "app"
  call   = "check"
}

target "privileged" {
  target       = "app"
  entitlements = ["security.insecure"]
}
