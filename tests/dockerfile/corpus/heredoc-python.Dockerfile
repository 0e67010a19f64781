FROM python:3.11-slim
RUN <<EOF
#!/usr/bin/env python
import sys
print(sys.version)
EOF
