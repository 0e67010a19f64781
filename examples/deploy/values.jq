# stagebuild prod --push --json | jq -f values.jq > values.json: what the chart wants to know
.results.prod
| { image: { repository: (.reference | split("@")[0]), digest: .digest } }
