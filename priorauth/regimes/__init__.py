"""The time limits that bind a request, as data (regimes.yaml, or the plan's own file: REGIMES_FILE).

`written` is what the file may say, `rules` one rule with its words and its digest, `library` the file that is in force.
"""
