"""What a person keeps on their own pages: `pins`, `uses` of applications, `verdicts` on events, `offers`.

Rule: comforts, never proofs: nothing here lets anybody in, and losing it costs a click.
"""
