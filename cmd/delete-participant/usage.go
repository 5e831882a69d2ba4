package main

const usage = `delete-participant removes participants from a conference.

  delete-participant -sandbox                    try it; nothing real is touched
  delete-participant -list                       show who is in which conference
  delete-participant CONFERENCE CALL...          remove these
  delete-participant CONFERENCE - <list >run-1   remove those in a file
  delete-participant -name -all -except CALL CONFERENCE
                                                 remove all but one

A participant is named by the SID of their call, and CONFERENCE by its SID, or
with -name by its friendly name. All SIDs are checked before the first request.
Where a CALL is -, call SIDs are read from standard input, one a line; blank
lines and what follows a # are skipped. One that is given twice is removed once.

What a run printed, text or JSON, is input, too: what it says is removed is left
out (and who is absent, with -ignore-missing). So this goes on after a run that
was interrupted, or that had to stop:

  delete-participant CONFERENCE - <run-1 >run-2

So are the lines of -list -json.

Before anybody is removed, the participants of the conference are listed, once.
If that fails, nobody is removed. Who would end the conference for everybody is
removed only with -end-conference.

Flags, which come before the SIDs:
  -account SID     the account, if it is a subproject (default: the project)
  -all             remove everybody: list, remove and list again, for up
                   to 5 rounds, until nobody else is there. Who joins again is
                   removed again, and has another line
  -base-url URL    where the API is, such as a proxy: https, or http on a
                   loopback address, with the path /api/laml/2010-04-01
  -dry-run         list who would be removed as not tried, and whether they are
                   muted, on hold, or end the conference; remove nobody
  -end-conference  remove those, too, who end the conference for everybody
  -except CALL     with -all, leave this one in; can be given again. If they are
                   not there, nobody is removed
  -ignore-missing  a participant who is absent counts as done, as with -all
  -json            print a line of JSON for each participant
  -list            show the conferences in progress and who is in them, or only
                   CONFERENCE
  -name            CONFERENCE is the friendly name of a conference in progress,
                   compared exactly
  -parallel N      requests at the same time, from 1 to 64 (default 8)
  -patience D      how long to go on without a success while removals fail for
                   a reason that may pass, such as a rate limit or an outage
                   (default 5m); 0 reports such a failure at once
  -sandbox         use a made-up conference, "stand-up", inside this program; no
                   credentials are needed. Without arguments it shows a tour
  -timeout D       time for the whole run, such as 90s (default 0: no limit)
  -v               print every attempt to standard error
  -version         print the version

Environment:
  SIGNALWIRE_SPACE       the space, such as example or example.signalwire.com
                         (or SIGNALWIRE_SPACE_URL)
  SIGNALWIRE_PROJECT_ID  the project ID
  SIGNALWIRE_API_TOKEN   an API token of the project, with the scope Voice

Standard output has a line for each participant, as soon as it is decided:
  removed    the service said so, or they are out and a request of this run may
             have done it
  absent     not in the conference, which exists; no request of this run did it
  failed     not removed
  unknown    a request may have been carried out, but no response said so
  not tried  nothing was sent

With -json it is an object with the fields
  conference_sid, call_sid
  outcome        removed, absent, failed, unknown or not_tried
  done           whether it counts as success
  maybe_applied  true if an attempt without a clear response may have removed it
  status, code   of the last response: HTTP's and the API's own
  attempts       how many requests were sent
  reason         why it is not removed, for people
  muted, hold, end_conference_on_exit
                 with -dry-run, and where that is why nothing was sent
A field after done is left out if it is false, 0 or empty. With -list it is
conference_sid, friendly_name, call_sid, joined, and those three.

While removals fail for a reason that may pass, the run slows down to one at a
time, and gives those that failed another turn after the others.

An interrupt (SIGINT, SIGTERM or SIGHUP) lets the requests under way end, and
starts no others, retries included. For up to 5 s the service may still be asked
what became of a removal, but nobody is removed. A second one, unless it is a
SIGHUP, gives those up, and a third one kills the program. No others are started
either after the credentials were refused (401 or 403), when the host or the
conference is unknown, when -patience is over, or when the results cannot be
written; standard error then has the rest of them.

Exit status: 0 if all are done, 1 if some are not or the results could not be
written, 2 if the arguments or the environment are wrong, and after an interrupt
130 (SIGINT), 143 (SIGTERM) or 129 (SIGHUP).
`
