"""Letters: what the plan writes to the member and the clinician about a decision or a question.

`content` is the one model from which HTML and PDF are made, with the same words; `characters` lets in only what both
can show; `member`, `clinician` and `compose` write it; `reading` measures how hard it reads; `pdf` prints it.
"""
