"""The question: a sentence, read into filters, text, order and what was left aside (`read.read`)."""
