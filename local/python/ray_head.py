"""Ray's command line without its client server.

That server takes the head down with it where a busy machine needs more than 30 seconds to register
the node, and nothing here speaks to it. Ray starts it whenever it can, and has no switch for it.
"""

import sys

from ray.scripts import scripts

scripts.get_ray_client_dependency_error = lambda: "not wanted"

if __name__ == "__main__":
    sys.exit(scripts.main())
