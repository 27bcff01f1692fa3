# The three programs. `litebench` is small and needs neither LibTorch nor MPI to start; it execs the other two.
