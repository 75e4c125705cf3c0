"""One BLAS thread while something is solved, and as many as before afterwards."""

from threadpoolctl import threadpool_info, threadpool_limits

from solvers.threads import single_thread


def threads():
    return {lib["filepath"]: lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


def test_libraries_have_one_thread_inside():
    with single_thread():  # finds the libraries
        pass
    with threadpool_limits(limits=2):
        before = threads()
        assert before and set(before.values()) == {2}
        with single_thread():
            assert set(threads().values()) == {1}
        assert threads() == before
