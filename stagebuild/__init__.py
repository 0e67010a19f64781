"""stagebuild drives Docker BuildKit per environment. The public names, nothing else."""
