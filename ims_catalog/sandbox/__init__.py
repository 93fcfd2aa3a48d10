"""The sandbox cloud: an HTTP server that behaves as the documents of IMS, IAM and ECS say.

Its estate of images is drawn from a seed. For the demo, tests and benchmarks; nothing else in the product
knows it.
"""
