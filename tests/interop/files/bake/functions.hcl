# Functions, conditions, null, and text that looks like variables.
variable "CI" {
  default = false
}

variable "VERSION" {
  default = "1.4.0-rc.1"
}

variable "PORTS" {
  default = [8080, 9090]
}

function "tagged" {
  params = [name]
  result = [
    "registry.example/${name}:${VERSION}",
    "registry.example/${name}:${split(".", VERSION)[0]}",
  ]
}

target "app" {
  target = "app"
  tags   = tagged("app")
  args = {
    VERSION  = VERSION
    UPPER    = upper(VERSION)
    PORTS    = join(",", PORTS)
    OPTIONAL = CI ? "yes" : null
    EMPTY    = ""
    SHELL    = "$${HOME}/bin %%{if} $HOME"
    DIGEST   = sha256("x")
  }
  cache-to = CI ? ["type=gha"] : []
}
