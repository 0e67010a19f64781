FROM alpine
ADD https://example.com/file.tar.gz /tmp/
ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 https://example.com/empty /
ADD --keep-git-dir=true https://github.com/moby/buildkit.git#v0.10.1 /buildkit
ADD git@git.example.com:foo/bar.git /bar
