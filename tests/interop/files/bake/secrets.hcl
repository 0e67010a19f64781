# What a build may see and an image may not.
target "app" {
  target = "app"
  secret = [
    "id=netrc,src=secrets/netrc",
    "type=env,id=pip-token,env=PIP_TOKEN",
    "id=NPM_TOKEN",
    { id = "aws", src = "secrets/aws" },
    { type = "env", id = "github", env = "GITHUB_TOKEN" },
  ]
  ssh = ["deploy=keys/deploy"]
}

target "agents" {
  inherits = ["app"]
  ssh      = [{ id = "other", paths = ["keys/deploy"] }]
}
