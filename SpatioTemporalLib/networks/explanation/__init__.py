"""Why a network says what it says, and how sure it is: maps on the voxels of every visit, and spread of predictions.

What is explained is `log_odds`, the logit of a class against the others, which
unlike a single logit has a meaning of its own. A network is in evaluation while
it is looked at and is left as it was found. Every function takes ``report``, a
callable of the share done; what it raises ends the work.
"""
