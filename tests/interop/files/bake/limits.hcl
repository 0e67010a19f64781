# What RUN steps may use, and what runs anew.
target "heavy" {
  target   = "heavy"
  network  = "host"
  shm-size = "128m"
  ulimits  = ["nofile=1024:2048", "nproc=512"]
  extra-hosts = {
    "db.test" = "10.0.0.5"
    "me.test" = "host-gateway"
  }
  entitlements = ["network.host"]
}

target "fresh" {
  target   = "heavy"
  network  = "none"
  no-cache = true
  pull     = true
}

target "partly" {
  target          = "heavy"
  no-cache-filter = ["deps", "heavy"]
}
