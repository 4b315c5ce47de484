#!/bin/sh
# Stands in for a Python that is not as it should be: does what the file beside it says, which has
# the name it is called by and `.does` at the end.
. "$0.does"
