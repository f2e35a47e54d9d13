"""Every sentence people read in Slack, by where they read it: its neighbours stand beside it.

    small                         names, places, moments and numbers, which the others are made of
    figures, clouds               what the clouds say of themselves, and what each of them shows and promises
    card, aloud                   the card, and the same as one text for screen readers, a push and search
    thread, direct                the lines under a card, and the message to whoever has the access
    asks, presses                 what an ask and a press are answered with
    longer                        all about more time, and the warning that an end is near
    lists, problems               mine, waiting, roles, help; whoever is not let in, and what goes wrong
    buttons, forms                what can be pressed, and what forms say

Plain, calm, present tense, "you"; no exclamation marks and no blame. *Removed* is what we told the cloud,
*gone* is what we looked for and did not find, *live* is what we looked for and found. People deny; rules do
not allow. A title has at most 12 words, a context line 22, a thread line 20, a reply 35, a button 24 signs.

What is returned is mrkdwn, with every name escaped, unless a function says *plainly*: then somebody's own
words may be in it, and it goes into plain_text only.
"""
