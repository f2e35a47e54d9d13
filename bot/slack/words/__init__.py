"""Every sentence people read in Slack, in one file: whoever changes one finds all the others beside it.

Plain, calm, present tense, "you"; no exclamation marks and no blame. *Removed* is what we told the cloud,
*gone* is what we looked for and did not find, *live* is what we looked for and found. People deny; rules do
not allow. A title has at most 12 words, a context line 22, a thread line 20, a reply 35, a button 24 signs.

What is returned is mrkdwn, with every name escaped, unless a function says *plainly*: then somebody's own
words may be in it, and it goes into plain_text only.
"""
