"""What spark-submit starts; the package beside it does the work."""

from evergreen_spark.job import main

if __name__ == "__main__":
    main()
