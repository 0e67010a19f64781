from alpine as base
run echo a
copy . .
from base
env a=b
cmd ["sh"]
