"""What mail servers say when they refuse a mail for its content or its way, and which reason it means.

Asked after `normalizer.mail.refusals_of_addresses`, whose form it shares. `GENERAL` is asked when the status
code is silent too.
"""

from __future__ import annotations

from normalizer.mail.refusals_of_addresses import table

_PARTICULAR = """
virus: a virus | virus detected | virus found | virus infected | viruses | contains virus | virus-infected
| known virus | (virus) | malware | infected with | is infected | is virus infected | trojan | worm was
| mcspamsignature.sa

spam: spam firewall | bulk email filter | suspicion of spam | suspected spam | spam suspected | mail content denied
| unsolicited bulk | content analysis | looks like spam | spamtrap | spam trap | spam-trap | dcc check | ofr_506
| ofr004_506 | deemed spam | rejected by spam | spam message | spam detected | detected as spam | as spam | is spam
| be spam | spam content | spam email | spam mail | spam score | spam filter | spamassassin | spam-like | spam-related
| unsolicited | junk mail | junk email | identified as junk | bulk mail | bulk email | ube, | ube/uce
| message contents unwanted | like spam | classified as | spam not accepted | spam-policy | spam rejected | high spam
| spam probability | appears to be spam | considered spam | antispam | anti-spam | spammy | razor

rate: unusual rate of | cxmxrt | cxthrt | cxmj | rl0000 | connection frequency | exceeded its allowed | unusually high
| too many rcpt | too many rejected | maximum recipients | too many connections | too many concurrent
| too many sessions | too many simultaneous | too many recipients | too many messages from | too many emails
| too much mail | rate limit | rate-limit | ratelimit | rate exceeded | throttl | connection limit | sending rate
| sending quota | sending limit | maximum number of connections | exceeded the maximum number of | exceeded the rate
| too frequent | too fast | slow down | hourly limit | message rate | connection rate | receiving mail too quickly
| receiving mail at a rate | many invalid recipients | too many invalid | daily limit | messages per

non-compliant: rfc 5322 | rfc 2822 | rfc 5321 | rfc 822 | rfc5322 | rfc5321 | rfc2822 | multiple addresses in from
| multiple from | missing message-id | multiple subject | bare lf | bare newline | missing from header
| no from header | header is missing | missing required header | missing date | valid 'from:' | valid from: header
| not rfc compliant | missing valid

content: too many "received" headers | malformed attachment | invalid mime | message not rfc822 | message is encrypted
| content rejected | content reject | improper use of 8-bit | 8-bit data | duplicate header | headers too large
| header too large | header error | header too long | bad header | invalid header | malformed header
| message content rejected | malformed mime | mime error | conversion required | unsupported charset
| unsupported encoding | attachment type | attachment is not | body rejected | message header size | line too long
| lines too long | improper message format

loop: best-preference mx | mx points to | mail for me loops | already has it | too many mail hops | message is looping
| too many hops | hop count | mail loop | routing loop | loop detected | loops back | mail loops | loops to myself
| forwarding loop | looping | points back to | hop limit | message loop

blocked: cxbl | ipbl0 | bl0000 | (con: | (rly: | (hvu: | hvu:b | [hm08] | banned sender ip | barracuda reputation
| ipcheck.proofpoint.com | blocked - see | blocked for abuse | csi.mimecast.org | suspected spam ip
| ip you're using to send mail is not authorized | connection rejected by policy | aup# | ip is blocked
| host is blocked | your ip is | is on our block | on our block list | blocked using | blocked by rbl
| refused by black | too many abuse | blacklist | black list | blocklist | block list | blackhole | block-list | dnsbl
| dnsrbl | rbl | spamhaus | spamcop | sorbs | barracudacentral | uceprotect | cloudmark | abuseat | senderbase
| senderscore | psbl | invaluement | mailspike | surriel | client host rejected | client host blocked | client host [
| ip address blocked | ip address is blocked | ip blocked | blocked ip | ip address is not allowed
| ip address has been | banned sending ip | banned ip | my name was rejected | denied by ip | dynamic ip
| dynamic/generic | generic hostname | poor reputation | low reputation | bad reputation | reputation | weren't sent
| part of their network | connections not accepted from | connections will not be accepted | ip name lookup failed
| invalid domain name in helo | helo command rejected | helo rejected | ehlo rejected | too many unwanted
| too many spams | too many spam | no access from mail server | (bl) | temporarily deferred due to
| temporarily blocked | listed in | listed at | listed by | listed on | open proxy | connection dropped due to
| connection refused by policy | unwanted mail

tls: starttls | tls required | requires tls | tls is required | require tls | tls handshake | ssl error | tlsa
| mta-sts | certificate

system-full: insufficient system storage | insufficient disk | insufficient storage | disk full | no space left
| out of disk | file system full | insufficient system resource | low on disk | system storage | not enough space

filtered: only accepting mail from | user rules | account is protected by | refuses to receive | refuse to receive
| restricted sms | not accepting any mail | not found recipient account | not currently being accepted
| by the recipient | due to recipient preferences | recipient preferences | recipient has blocked | recipient's policy
| recipient's filter | blocked by user | sender is on the user's block | rejected by user | rejected by recipient
| recipient has refused | refused by recipient | recipient refuses | recipient refused | blocked by recipient
| blocked by the recipient | message filtered | only accepts mail from | only accept mail | accept list
| rejected by a remote mail server | permitted senders | whitelist | rejected by the recipient | user reject
| server rejected your message after

policy: envelope blocked | message not allowed | rejected by organization | organization policy | transport rule
| rejected by policy | restricted attachment | banned | offensive material | attachment blocked | policy | policies
| host network not allowed | administrative prohibition | administratively prohibited | prohibited
| potential security | security risk | forbidden | refused for | not accepted for | restriction | restricted
| blocked because its content

syntax: angle-brackets nested | expected word or | domain missing in source-routed | unbalanced | syntax error
| command not implemented | parameter not implemented | improper sequence | bad sequence | sequence of commands
| unrecognized command | command unrecognized | command not recognized | malformed recipient | malformed address
| unsupported mail destination | unknown command | smtputf8 | missing or malformed | illegal command

mailer-error: mailer error | local delivery failed | command died | exit status | procmail | unknown mailer error
| command output | pipe to | local configuration error | unable to run | bad interpreter | maildrop | x-unix

network: name resolution | dns error | no answer from | cname lookup failed | it references itself | no route to host
| network is unreachable | network unreachable | dns query failed | lost connection | connection lost
| connection closed | connection reset | connection was lost | network error | dns failure | dns lookup fail
| name server timeout | broken pipe | remote host closed | protocol error | conversation with | connection terminated
| closed the connection

expired: unable to deliver this message after | message timed out | delivery time expired | exceeded retry
| retries exceeded | gave up | could not be contacted | not responding | host unreachable | server did not respond
| maximum retry | been failing | no answer from host | unable to reach | too old | bounce after
| failing for a long time | multiple retries | after several attempts | connection timed out | operation timed out
| timed out | timeout | time out | retry time not reached | expired | been in the queue | queue too long
| too long on the queue | not yet been delivered | has been delayed | deferred | cannot send message for
| could not send message for | could not be delivered for | delivery attempts | connection refused | unable to connect
| could not connect | couldn't connect | can't connect | did not respond | not reachable | wasn't able to establish
| socket error | did not accept our requests | failed attempts | delivery failed 20 attempts
| unreachable for too long | queue period | delivery time | still being retried | will be retried

on-hold: unverified address | address verification in progress | defer | currently unavailable
| requested mail action aborted | local error in processing | recipient error | temporary failure
| temporarily unavailable | temporary problem | temporary error | greylist | graylist | grey list
| please try again later | come back later | try again later

system-error: can't create user output file | mail system problem: | lookup error | too many open files | no child
| cannot open | can't open | temporary local | queue file | lmtp error | delivery to file forbidden
| delivery to pipe forbidden | service currently unavailable | local problem | resources unavailable
| mailbox is locked | mailbox locked | mail server temporarily | shutting down | system error | internal error
| server error | configuration error | local error | could not load | out of memory | service refused
| service not available | server is busy | server busy | unable to process | software error | cannot allocate
| i/o error | input/output | ldap | resources temporarily | aliasing
"""

_GENERAL = """
virus: virus

system-error: system not accepting network messages | service unavailable

blocked: your ip | from your ip | your host | your server | your network | your isp | your mail server
| has been blocked | is blocked | blocked by our | was blocked | connection rejected | connection dropped
| mail server rejected | invalid domain name | helo

sender-rejected: resolver.rst.authrequired | cxsnd | client not authenticated to send | only accept messages from
| from authorized senders | sender or recipient is blocked | not member | reject mail from | access denied
| message rejected | mail rejected | rejected by local policy | denied

security: authentication fail | authentication credentials | not authorized | unauthorized | authentication required
| permission denied | security | password | authenticat

user-unknown: recipient email address is possibly incorrect | user unkown | unknown to address
| undeliverable address: host | not our user | account that does not exist | no such alias | mailbox no longer
| not a member of | has no account | can't create user output file | invalid final delivery userid
| no matching recipient | mailbox for this address | user mailbox not found | account does not | not found
| recipient address rejected | no such
"""

OF_MAIL = table(_PARTICULAR)
GENERAL = table(_GENERAL)
