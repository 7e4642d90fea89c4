"""process.py: a peer's process, as bench.py sees it: started on a row's folder, asked to measure, ended. child.py has the conversation."""
import json
import os
import subprocess


def place(cpus, idle):
    """What a new process does first: onto these processors, and, if it is to disturb nobody, at idle priority."""
    def first():
        os.sched_setaffinity(0, cpus)
        if idle:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    return first


class Process:
    """A running peer, pinned to `cpus`. It waits between measurements. A polite one is at idle priority but while it is measured."""

    def __init__(self, peer, folder, j, build, cpus, polite=False):
        self.name, self.polite, self.errors = peer.name, polite, f"{folder}/{peer.name}.err"
        j.variant = peer.variant
        with open(f"{folder}/job.json", "w") as f:
            json.dump({k: v for k, v in vars(j).items() if isinstance(v, (int, float, str))}, f)
        n = str(j.threads)
        env = dict(os.environ, OMP_NUM_THREADS=n, MKL_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n, JAX_PLATFORMS="cpu",
                   XLA_FLAGS=f"--xla_cpu_multi_thread_eigen={'true' if j.threads > 1 else 'false'} intra_op_parallelism_threads={n}")
        if j.updates == 1:
            env["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
        self.process = subprocess.Popen(peer.start(folder, j, build), env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=open(self.errors, "w"), text=True, preexec_fn=place(cpus, polite))

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with code {self.process.wait()}")
        return json.loads(line)

    def priority(self, policy):
        for thread in os.listdir(f"/proc/{self.process.pid}/task") if self.polite else []:
            os.sched_setscheduler(int(thread), policy, os.sched_param(0))

    def measure(self, seconds):
        self.priority(os.SCHED_OTHER)
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        result = self.answer()
        self.priority(os.SCHED_IDLE)
        return result

    def close(self):
        self.process.kill()
        self.process.wait()
