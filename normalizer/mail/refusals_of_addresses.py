"""What mail servers say when they refuse a mail for its sender or recipient, and which reason it means.

A table in the order in which it is asked: the first phrase found decides. So what is particular stands before
what is general ("over quota" before "mailbox unavailable"). Texts are compared in the form that `normalizer.mail.bounce_reasons.plain` gives them: lower case, single
spaces, every address an ``@``, links cut to their host (a name like mailbox-full@example.org says nothing of
its mailbox). The phrases are those of Postfix, Sendmail, Exim, qmail, Exchange, Domino, the large providers
and the filters in front of them.
"""

from __future__ import annotations

Table = tuple[tuple[str, tuple[str, ...]], ...]

_PHRASES = """
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

mailbox-full: disc quota | diskquota | not have enough space | mail file size exceeds | not enough disk space
| reached disk quota | space has been used up | too much mail data | too many messages on the server
| exceeding receiving limits | disk space limit | is exceeding their quota | no enough space
| user mailbox exceeds allowed size | would exceed mailbox | mailbox exceeds | exceeds allowed mailbox | mbx full
| maildir over quota | maildir delivery failed: over | user is over | account is over | account over
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

sender-rejected: not a member of | does not accept mail from | doesn't accept mail from | does not accept email from
| not accept mail from | will not accept mail from | refuse to accept mail from

no-mail: mail receiving disabled | no host found for existing smtp
| mail is not accepted for this domain | an mx or srv record indicated | domain of recipient does not accept
| recipient's domain does not accept | does not accept incoming | no mx record | no mail exchanger | null mx | nullmx
| does not accept mail | doesn't accept mail | does not accept email | doesn't accept email | no smtp service
| does not receive mail | does not receive email | not accept any mail | couldn't find a mail exchanger
| has no mail exchanger | does not support smtp | no mail server for | host does not accept

sender-rejected: batv | members-only | members only list | third-party dsn | different address or alias
| not pre-approved | not subscribed to this group | unsigned dsn | emetteur invalide | access to submit messages
| invalid dns mx | no permission to send | senderfilterconfig | fully qualified email address required
| negative vouch | your domain is not | sender is spammer | sender is in my | groups.google.com
| from an address that has been blacklisted | provide a valid from | unroutable sender | sender is invalid
| domain of sender address | sender address rejected | sender rejected | sender denied | sender domain
| sender address verif | sender verify fail | sender verification fail | invalid sender | bad sender | unknown sender
| illegal sender | verify sender | verify the sender | sender is not allowed | sender not allowed | sender is blocked
| sender address blocked | sender is denied | sender blocked | sender not accepted | sender unknown
| sender address is not | sender address does | mail from not owned | mail from rejected | rejected mail from
| badmailfrom | denied sender | null sender | empty envelope sender | empty envelope from | sender has been banned
| blacklisted sender | permission to post | not allowed to post | not permitted to post | not authorized to send to
| not permitted to send | not allowed to send | isn't allowed to send | purported responsible
| mail from command failed | use of sender | not accepting mail from this sender | your address is not
| restricted to authenticated senders | resolver.rst.notauthorized | envelope sender | address of the sender
| null return path | from address is not | your email address has been rejected | you do not have permission to send
| sender isn't | group you tried

host-unknown: domain must exist | domain is not reachable | account or domain may not exist | recipient domain must
| nonexistentdomain | nonexistent domain | non-existent domain | non-existent host | all host address lookups failed
| host does not exist | unknown mail domain | domain is not known | no known mail | i couldn't find a host named
| dns domain does not exist | dns lookup failure | host unknown | unknown host | host not found | domain not found
| no such domain | domain does not exist | unknown domain | invalid domain | unrouteable address
| unrouteable mail domain | unroutable | name or service not known | nxdomain | no such host | name server error
| name service error | couldn't find any host | couldn't find any domain | domain name not found | illegal host/domain
| bad destination host | bad destination system address | unable to resolve | failed to resolve
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

suspended: temporary locked | archived recipient | user is terminated | domain is disabled | inactive_mailbox
| a deactivated | user or domain is disabled | this address no longer accepts | this account has been
| mailbox unavailable or access denied | account temporarily | address disabled | account is not allowed
| no longer active | not active on this | is temporarily disabled | account has been disabled | account is disabled
| account disabled | account has been suspended | account suspended | account is suspended
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

policy: reject due to policy | due to policy | policy restrictions | local policy violation | for policy reasons

user-unknown: invalid receiver | @, is not valid | @ is not valid | address is not valid | user is not valid
| recipient is not valid | user not exist | recipient not exist | address not exist | account not exist
| no account by | account unavailable | not an active address | mailbox invalid | mailbox not present
| nessuna casella | no mail box available | no matches found | no matching address | non-existent recipient
| nonexistent recipient | recipient is not accepted | recipient is not local | recipient not ok
| recipient refused to accept | validrcptto | badrecipientto | missing home directory | user not known
| recipient has been denied | no one at this address | address not present | find the recipient | rejected recipients
| addresses were unknown | utilisateur inconnu | spectator | recipient not recognized | user not recognized
| address not recognized | no valid delivery address | name is not found | isn't in my list of valid
| unknown virtual user | can't accept user | user unknown | unknown user | unknown recipient | recipient unknown
| unknown address | address unknown | addressee unknown | unknown mailbox | mailbox unknown | unknown account
| unknown local | unknown or illegal | unknown e-mail | unknown email | unknown alias | unknown login
| user is unknown | recipient is unknown | no such user | no such recipient | no such mailbox | no such address
| no such account | no such person | no such email | no such local | no such a user | no such name
| no valid recipient | no mailbox here | no mailbox by | no mailbox found | no user by | no one by that name
| no account for | no email address by | there is no user | no recipient | not a known user | not a valid recipient
| not a valid user | not a valid mailbox | not a valid email | not a valid address | not a local | not our customer
| not known at | not known here | not listed in | not found in directory | not found in address | not found by smtp
| not a registered | doesn't exist | does not exist | dosn't exist | doesnt exist | don't exist | did not exist
| user doesn't have | user does not have | doesn't have a | n'existe pas | nexiste pas | non esiste | no existe
| não existe | nicht gefunden | unbekannt | existiert nicht | inconnu | sconosciut | desconocid | desconhecid
| не существует | не найден | неизвестен | 存在しません | 見つかりません | 不存在 | 없는 사용자
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
| user invalid | not a user | isn't valid | badrcptto | sorry, no mailbox | recipient name is not recognized
| address rejected: unverif | email account that you tried to reach does not | not in my list | addresses is unknown
| mailbox not exist | mail address is not | misspelled
"""


def table(text: str) -> Table:
    """Reasons and their phrases, from paragraphs of the form ``reason: phrase | phrase``."""
    rows = (" ".join(block.split()).split(": ", 1) for block in text.strip().split("\n\n"))
    return tuple((reason, tuple(phrases.split(" | "))) for reason, phrases in rows)


OF_ADDRESSES = table(_PHRASES)
