"""Message passing: fixed-point equations for the means and variances of the entries of a state, in one draw of the disorder."""
