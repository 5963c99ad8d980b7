"""The pictures of a case, made from its facts alone: no clock, no database, no name of a person in them.

`course` reads the facts as rows of dated things, `timeline` lays them out, `spine` draws the levels. The templates
`parts/timeline.html` and `parts/spine.html` only write down what stands here, and the same data as a table.
"""
