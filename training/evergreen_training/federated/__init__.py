"""One model of several parties' rows, none of which leaves its party.

Federated averaging (McMahan, Moore, Ramage, Hampson and Agüera y Arcas 2017): in each round every party walks from the
same weights over its own rows, and the mean of where they come, weighted by their rows, is where the next round begins.
Columns are prepared from the definition alone, so the parties agree on them without a look at each other's rows.

What leaves a party's job: its weights, the number of its rows, and a log of counts. What that does not protect is
written in training/README.md. Read in this order: `fitting` (which cells fit), `party_rows` (a party's files), `party`
(its part of a round), `coordinator` (the model of the last round).
"""
