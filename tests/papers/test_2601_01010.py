"""The claims of 2601.01010, one test each, and the whole verification."""

from tests.papers.claim_tests import claim_tests

test_claim, test_full_verification = claim_tests("2601.01010")
