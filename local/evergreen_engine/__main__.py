import sys

from evergreen_engine.command import main

sys.exit(main())
