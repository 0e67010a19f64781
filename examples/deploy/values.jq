# jq -f values.jq result.json > values.json, after stagebuild prod --push --json > result.json: what the chart wants to know
.results.prod
| { image: { repository: (.reference | split("@")[0]), digest: .digest } }
