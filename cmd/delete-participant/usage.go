package main

const usage = `delete-participant removes participants from a conference.

  delete-participant -sandbox                    try it; nothing real is touched
  delete-participant CONFERENCE CALL...          remove these
  delete-participant CONFERENCE - <list >run-1   remove those in a file

A participant is named by the SID of their call. All SIDs are checked before the
first request. Where a CALL is -, call SIDs are read from standard input, one a
line; blank lines and what follows a # are skipped. One that is given twice is
removed once.

What a run printed, text or JSON, is input, too: what it says is removed is left
out (and who is not found, with -ignore-missing). So this goes on after a run
that was interrupted, or that had to stop:

  delete-participant CONFERENCE - <run-1 >run-2

Flags, which come before the SIDs:
  -account SID     the account, if it is a subproject (default: the project)
  -base-url URL    where the API is, such as a proxy: https, or http on a
                   loopback address, with the path /api/laml/2010-04-01
  -dry-run         check the arguments, the input and the environment, list who
                   would be removed as not tried, and send nothing; whether the
                   credentials are right and the participants there stays open
  -ignore-missing  a participant who is not found counts as done
  -json            print a line of JSON for each participant
  -parallel N      requests at the same time, from 1 to 64 (default 8)
  -patience D      how long to go on without a success while removals fail for
                   a reason that may pass, such as a rate limit or an outage
                   (default 5m); 0 reports such a failure at once
  -sandbox         use a made-up conference inside this program; neither
                   credentials nor SIDs are needed
  -timeout D       time for the whole run, such as 90s (default 0: no limit)
  -v               print every attempt to standard error
  -version         print the version

Environment:
  SIGNALWIRE_SPACE       the space, such as example or example.signalwire.com
                         (or SIGNALWIRE_SPACE_URL)
  SIGNALWIRE_PROJECT_ID  the project ID
  SIGNALWIRE_API_TOKEN   an API token of the project, with the scope Voice

Standard output has a line for each participant, as soon as it is decided:
  removed    the service said so
  not found  the service knows no such participant in that conference; after an
             attempt without a response, that attempt may be the reason
  failed     not removed
  unknown    the request may have been carried out, but no response said so
  not tried  nothing was sent

With -json it is an object with the fields
  conference_sid, call_sid
  outcome        removed, not_found, failed, unknown or not_tried
  done           whether it counts as success
  maybe_applied  true if an attempt without a clear response may have removed it
  status, code   of the last response: HTTP's and the API's own
  attempts       how many requests were sent
  reason         why it is not removed, for people
A field after done is left out if it is false, 0 or empty.

While removals fail for a reason that may pass, the run slows down to one at a
time, and gives those that failed another turn after the others.

An interrupt (SIGINT, SIGTERM or SIGHUP) lets the requests under way end, and
starts no others, retries included. A second one, unless it is a SIGHUP, gives
those up, and a third one kills the program. No others are started either after
the credentials were refused (401 or 403), when the host is unknown, when
-patience is over, or when the results cannot be written; standard error then
has the rest of them.

Exit status: 0 if all are done, 1 if some are not or the results could not be
written, 2 if the arguments or the environment are wrong, and after an interrupt
130 (SIGINT), 143 (SIGTERM) or 129 (SIGHUP).
`
