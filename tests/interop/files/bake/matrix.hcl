# A library for several interpreters and bases, and one target of a matrix in a matrix.
target "test" {
  name   = "test-${replace(python, ".", "-")}-${os}"
  matrix = {
    python = ["3.11", "3.12"]
    os     = ["alpine", "bookworm"]
  }
  target = "test"
  args = {
    PYTHON = python
    OS     = os
  }
  output = ["type=cacheonly"]
}

target "wheel" {
  name   = "wheel-${item.name}"
  matrix = {
    item = [
      { name = "manylinux", image = "quay.example/manylinux:2" },
      { name = "musllinux", image = "quay.example/musllinux:1" },
    ]
  }
  target = "wheel"
  args   = { IMAGE = item.image }
  output = ["type=local,dest=dist/${item.name}"]
}

group "default" {
  targets = ["test"]
}
