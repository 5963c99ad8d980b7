"""Letters: what the plan writes to the member and the clinician about a decision or a question.

`content` is the one model from which page and PDF are made, with the same words; `characters` lets in only what both
can show. `matter` gathers what a letter speaks of, `member` and `clinician` write their parts, `compose` the whole;
`reading` measures how hard it reads. `pdf` prints a letter, `answers` hands it out with its receipt.
"""
