"""What mail servers say when they refuse a mail, and which reason it means.

A table in the order in which it is asked: the first phrase found decides. So what is particular stands before
what is general ("over quota" before "mailbox unavailable"). `GENERAL` is asked when the status code is silent too.
Texts are compared in the form that `normalizer.mail.bounce_reasons.plain` gives them: lower case, single
spaces, every address an ``@``, links cut to their host (a name like mailbox-full@example.org says nothing of
its mailbox). The phrases are those of Postfix, Sendmail, Exim, qmail, Exchange, Domino, the large providers
and the filters in front of them.
"""

from __future__ import annotations

_PARTICULAR = """
content: duplicate header

network: host not found, try again | temporary failure in name resolution | temporary lookup failure

auth: dmarc | dkim | spf check | spf fail | spf record | spf validation | fail spf | failed spf | fails spf
| spf: fail | spf=fail | spf hard fail | spf policy | spf (sender policy | openspf | sender policy framework
| rejected by spf | according to spf | not authorized by spf | authentication information or fails to pass
| authentication checks | unauthenticated email | unauthenticated sender | unauthenticated mail
| does not pass authentication | is unauthenticated | not designate permitted sender | email authentication
| sender is not authenticated

no-ptr: cxdns | (dns:nr) | (dns:b1) | no rdns | ptr record | ptr resource | no ptr | ptr lookup | missing ptr
| invalid ptr | valid ptr | dns ptr | reverse dns | reverse-dns | no reverse | rdns | reverse lookup | reverse mapping
| reverse hostname | reverse host name | reverse ip | cannot find your hostname | cannot find your reverse
| cannot resolve your address | unresolvable relay host | unverifyable sending ip | unverifiable sending ip
| no matches to nameserver query | hostname verification failed | forward-confirmed | dns is incorrect for
| ip address does not resolve | does not resolve to | valid reverse | not configured reverse | your ip has no dns
| client host rejected: cannot find

suppressed: suppression list | suppressed sending to this address | suppressed address | unsubscribed address
| bounced address | address is suppressed

relay-denied: relay access denied | relaying denied | relay denied | relaying not permitted
| relaying is not permitted | not permitted to relay | unable to relay | relay not permitted | relay is not allowed
| relay not allowed | relaying not allowed | relaying is prohibited | relaying prohibited | relay operation rejected
| relay rejected | insecure mail relay | no relaying | we do not relay | not an open relay | relayed to non-local
| mail relay denied | email address is not verified | rcpthosts | allowed to relay | not a gateway | relaying mail to
| rejecting relay | smtp authentication is required | smtp auth required | authentication required for relay
| relay disallowed | authenticate before | this system is not configured to relay | relay forbidden

mailbox-full: user mailbox exceeds allowed size | would exceed mailbox | mailbox exceeds | exceeds allowed mailbox
| mbx full | maildir over quota | maildir delivery failed: over | user is over | account is over | account over
| exceeded mailbox | is over his quota | mailfull | no more space | over size limit | cuenta llena | casilla llena
| mailbox_full | storage quota | mailbox full | mailbox is full | mailbox for user is full
| mailbox for this user is full | mailbox has exceeded | mailbox exceeded | mailbox quota | mailbox size limit
| mailbox would exceed | mailbox over | mailbox is over | mailbox too large | mailbox @ is full | mailbox @ is over
| mail box full | mail box is full | mail folder is full | mailfolder is full | inbox is full | inbox full
| full mailbox | account is full | storage full | over quota | overquota | over disk quota | over the quota
| over its quota | over their quota | over his quota | over the allowed quota | over the maximum allowed quota
| over storage quota | over the storage limit | over the maximum storage | out of storage | quota exceeded
| quota exceed | quota full | quota violation | quota has been reached | quota is exhausted | quotaexceeded
| exceeds quota | exceed quota | exceeded quota | exceeded its quota | exceeding their quota | exceeded their quota
| exceeded storage | exceeded the storage | exceeded his storage | exceeded their storage | exceeded its storage
| exceeds allowed quota | exceeded email quota | exceeding quota | disk quota | hard quota | above quota
| would be over the allowed | would over quota | has reached its quota | has reached his quota
| not enough storage space | no space left for this user | lacks available space | insufficient mailbox
| too many messages in mailbox | too many messages on this mailbox | messages in recipient's mailbox | mail quota
| message quota | storage limit exceeded | boite du destinataire pleine | boîte aux lettres pleine
| boite aux lettres pleine | boîte de réception pleine | mailbox voll | postfach ist voll | postfach voll
| postfach des empfängers | buzón lleno | buzon lleno | buzón de correo lleno | casella piena | casella di posta piena
| caixa postal cheia | caixa de correio cheia | переполнен | превышена квота | メールボックスが一杯
| メールボックスがいっぱい | メールボックスの容量 | メールボックスに空き | 邮箱已满 | 信箱已滿 | 容量已满
| skrzynka jest pełna

no-mail: an mx or srv record indicated | domain of recipient does not accept | recipient's domain does not accept
| does not accept incoming | no mx record | no mail exchanger | null mx | nullmx | does not accept mail
| doesn't accept mail | does not accept email | doesn't accept email | no smtp service | does not receive mail
| does not receive email | not accept any mail | couldn't find a mail exchanger | has no mail exchanger
| does not support smtp | no mail server for | host does not accept

sender-rejected: groups.google.com | from an address that has been blacklisted | provide a valid from
| unroutable sender | sender is invalid | domain of sender address | sender address rejected | sender rejected
| sender denied | sender domain | sender address verif | sender verify fail | sender verification fail
| invalid sender | bad sender | unknown sender | illegal sender | verify sender | verify the sender
| sender is not allowed | sender not allowed | sender is blocked | sender address blocked | sender is denied
| sender blocked | sender not accepted | sender unknown | sender address is not | sender address does
| mail from not owned | mail from rejected | rejected mail from | badmailfrom | denied sender | null sender
| empty envelope sender | empty envelope from | sender has been banned | blacklisted sender | permission to post
| not allowed to post | not permitted to post | not authorized to send to | not permitted to send
| not allowed to send | isn't allowed to send | purported responsible | mail from command failed | use of sender
| not accepting mail from this sender | your address is not | restricted to authenticated senders
| resolver.rst.notauthorized | envelope sender | address of the sender | null return path | from address is not
| your email address has been rejected | you do not have permission to send | sender isn't | group you tried

host-unknown: nonexistentdomain | nonexistent domain | non-existent domain | non-existent host
| all host address lookups failed | host does not exist | unknown mail domain | domain is not known | no known mail
| i couldn't find a host named | dns domain does not exist | dns lookup failure | host unknown | unknown host
| host not found | domain not found | no such domain | domain does not exist | unknown domain | invalid domain
| unrouteable address | unrouteable mail domain | unroutable | name or service not known | nxdomain | no such host
| name server error | name service error | couldn't find any host | couldn't find any domain | domain name not found
| illegal host/domain | bad destination host | bad destination system address | unable to resolve | failed to resolve
| could not be resolved | mail domain mentioned in the recipient's address is unknown | because the domain
| domain couldn't be found | invalid destination domain | destination server not found | unknown recipient host
| all relevant mx records point to non-existent hosts | lowest numbered mx record points to local host
| recipient's domain | host lookup did not complete

moved: recipient no longer on server | not our user | user not local | has moved to | has changed to
| address has changed | address changed | no longer at this address | new address is | has a new address
| has been replaced by | forward path

limit: exceeds limit set by recipient | exceeds administrative limit | maximum inbound message size | recipientthrtl

size: exceeds allowed size | too large a message | message is larger | message size of | mail too large | mail too big
| exceeds our size | line limit exceeded | message too large | message too big | message is too large
| message is too big | message size exceed | message size limit | message size is | exceeds size limit
| exceeds the size limit | exceed the maximum size | exceeds maximum message size | exceeded maximum message size
| exceeds maximum size | maximum message size | max message size | mail size limit | message file too big
| message larger than | larger than the current system limit | larger than the maximum | size exceeded
| body too large | exceeds fixed maximum | message exceeds the | message exceeds max | message exceeds size
| size limit exceeded | message length exceeds | size exceeds | maximal size | taille maximale | taille du message
| zu groß | zu gross | tamaño máximo | too big for | too large for | is larger than

suspended: this account has been | mailbox unavailable or access denied | account temporarily | address disabled
| account is not allowed | no longer active | not active on this | is temporarily disabled | account has been disabled
| account is disabled | account disabled | account has been suspended | account suspended | account is suspended
| account has been deactivated | account deactivated | account is locked | account locked | account has been locked
| account is inactive | account inactive | account is not active | account expired | account has expired
| account is temporarily | account blocked | account is blocked | account has been blocked | account not active
| tried to reach is disabled | tried to reach is inactive | mailbox disabled | mailbox is disabled | mailbox is frozen
| mailbox is inactive | mailbox inactive | mailbox suspended | mailbox currently suspended
| mailbox temporarily disabled | mailbox is blocked | mailbox has been disabled | mailbox has been suspended
| recipient suspend | recipient is suspended | user suspended | user is suspended | user disabled | user is disabled
| user is inactive | user inactive | user is not active | user not active | disabled recipient
| disabled or discontinued | disabled mailbox | has been disabled | inactive account | inactive user
| account is closed | account closed | has been closed | is not activated | compte du destinataire est bloque
| recipient temporarily inactive | no longer accepts mail | dormant | domain is suspended
| boite du destinataire archivee | account is disconnected | extended inactivity | not active anymore | is deactivated

user-unknown: user unknown | unknown user | unknown recipient | recipient unknown | unknown address | address unknown
| addressee unknown | unknown mailbox | mailbox unknown | unknown account | unknown local | unknown or illegal
| unknown e-mail | unknown email | unknown alias | unknown login | user is unknown | recipient is unknown
| no such user | no such recipient | no such mailbox | no such address | no such account | no such person
| no such email | no such local | no such a user | no such name | no such id | no valid recipient | no mailbox here
| no mailbox by | no mailbox found | no user by | no one by that name | no account by | no account for
| no email address by | there is no user | no recipient | not a known user | not a valid recipient | not a valid user
| not a valid mailbox | not a valid email | not a valid address | not a local | not our customer | not known at
| not known here | not listed in | not found in directory | not found in address | not found by smtp | not recognized
| not a registered | doesn't exist | does not exist | dosn't exist | doesnt exist | don't exist | did not exist
| not exist | user doesn't have | user does not have | doesn't have a | n'existe pas | nexiste pas | non esiste
| no existe | não existe | nicht gefunden | unbekannt | existiert nicht | inconnu | sconosciut | desconocid
| desconhecid | не существует | не найден | неизвестен | 存在しません | 見つかりません | 不存在 | 없는 사용자
| destinataire invalide | adresse invalide | okänd | onbekend | ukendt | ukjent | tuntematon | nieznany | nie istnieje
| neexistuje | bilinmeyen | invalid recipient | invalid mailbox | invalid address | invalid user | invalid email
| invalid local | invalid final | recipient is invalid | destination is invalid | illegal user | illegal alias
| illegal recipient | bad recipient | bad address | bad destination mailbox | bad user | mailbox name is invalid
| mailbox not found | user not found | recipient not found | address not found | account not found
| addressee not found | wasn't found at | can't find user | couldn't be found | could not be found
| could not find a user | mailbox unavailable | mailbox not available | mailbox is unavailable | user unavailable
| recipientnotfound | recipnotfound | address is wrong | no longer valid | no longer available | no longer in use
| no longer exists | no longer used | no longer employed | no longer an employee | no longer works | no longer with
| inactive email address | rejected recipient | recipient address rejected: undeliver
| recipient address rejected: unknown | recipient address rejected: access denied | recipient address rejected.
| user invalid | not a user | is not valid | isn't valid | badrcptto | sorry, no mailbox
| recipient name is not recognized | address rejected: unverif | email account that you tried to reach does not
| not in my list | unknown: | addresses is unknown | mailbox not exist | mail address is not | misspelled

virus: a virus | virus detected | virus found | virus infected | viruses | contains virus | virus-infected
| known virus | (virus) | malware | infected with | is infected | is virus infected | trojan | worm was
| mcspamsignature.sa

spam: suspicion of spam | suspected spam | spam suspected | mail content denied | unsolicited bulk | content analysis
| looks like spam | spamtrap | spam trap | spam-trap | dcc check | ofr_506 | ofr004_506 | deemed spam
| rejected by spam | spam message | spam detected | detected as spam | as spam | is spam | be spam | spam content
| spam email | spam mail | spam score | spam filter | spamassassin | spam-like | spam-related | unsolicited
| junk mail | junk email | identified as junk | bulk mail | bulk email | ube, | ube/uce | message contents unwanted
| like spam | classified as | spam not accepted | spam-policy | spam rejected | high spam | spam probability
| appears to be spam | considered spam | antispam | anti-spam | spammy | razor

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

filtered: due to recipient preferences | recipient preferences | recipient has blocked | recipient's policy
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
| too long on the queue | not been delivered | not yet been delivered | has been delayed | deferred
| cannot send message for | could not send message for | could not be delivered for | delivery attempts
| connection refused | unable to connect | could not connect | couldn't connect | can't connect | did not respond
| not reachable | wasn't able to establish | socket error | did not accept our requests | failed attempts
| delivery failed 20 attempts | unreachable for too long | queue period | delivery time | still being retried
| will be retried

on-hold: unverified address | address verification in progress | defer | currently unavailable
| requested mail action aborted | local error in processing | recipient error | temporary failure
| temporarily unavailable | temporary problem | temporary error | greylist | graylist | grey list
| please try again later | come back later | try again later

system-error: lmtp error | delivery to file forbidden | delivery to pipe forbidden | service currently unavailable
| local problem | resources unavailable | mailbox is locked | mailbox locked | mail server temporarily | shutting down
| system error | internal error | server error | configuration error | local error | could not load | out of memory
| service refused | service not available | server is busy | server busy | unable to process | software error
| cannot allocate | i/o error | input/output | ldap | resources temporarily | aliasing
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
| recipient address rejected | not valid | no such | unrecognized | invalid
"""


def _read(table: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    rows = (" ".join(block.split()).split(": ", 1) for block in table.strip().split("\n\n"))
    return tuple((reason, tuple(phrases.split(" | "))) for reason, phrases in rows)


PARTICULAR = _read(_PARTICULAR)
GENERAL = _read(_GENERAL)
