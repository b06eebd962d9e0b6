"""The outside world: course keys, the clients of the LMS and Studio, and an Open edX to develop against."""
