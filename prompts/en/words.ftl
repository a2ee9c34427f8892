# What people read, in English. Keys and variables are the same in zh/words.ftl.

## Counts
passages = { $count ->
    [one] { $count } passage
   *[other] { $count } passages
 }
pages = { $count ->
    [one] { $count } page
   *[other] { $count } pages
 }
documents = { $count ->
    [one] { $count } document
   *[other] { $count } documents
 }

## While it works
progress-search = Looking in the notes…
progress-understand = Thinking about your question…
progress-summary = Reading part { $part } of { $parts }…
progress-fetch = Fetching { $name }…
progress-read = Reading { $name }…
progress-pages = Reading { $name }: page { $page } of { $pages }…
progress-index = Learning { $name }: { $passages }…

## Answers
sources = Sources
nearest = Nearest passages
page = p. { $page }
not-from-notes = not from the notes
from-notes = The notes say:
not-covered = The notes of “{ $course }” do not cover this question.
not-covered-near = The notes of “{ $course }” do not cover this question. The nearest passages are below; perhaps one of them helps.
pass-on = Ask the teacher
passed-on = Your question is on the teacher's list. Your name is not shown with it.
passed-on-already = This question is on the teacher's list already.
pass-on-gone = I no longer have that question. Please ask it again.
cut-off = The answer was cut off here, because the tutor is being restarted. It will be completed afterwards.
stopped = Stopped.
nothing-to-stop = Nothing is running that could be stopped.
history-cut = Earlier parts of our talk were too long to take into account.

## Summaries
summary-of = Summary of { $what }
summary-empty = There is nothing to summarise: “{ $course }” has no notes yet.
summary-which = What shall I summarise? Write /summary and the name of a document, a section or a topic. These documents are there:
summary-nothing = I found nothing about “{ $topic }” in the notes of “{ $course }”.

## Courses
no-course = You are in no course yet. Ask your teacher for an invitation code and write /join CODE.
no-course-group = This chat has no course yet. A teacher of the course sets it with /switch COURSE.
which-course = You are in several courses. Choose one with /switch COURSE:
joined = Welcome to “{ $course }”! Ask me anything about its notes, for instance: { $example }
joined-teacher = Welcome to “{ $course }” as a teacher. Send me your notes as files (Markdown, text, HTML, PDF), and I learn them.
join-example = What is the main idea of the first chapter?
join-how = Write /join and the invitation code that your teacher gave you, such as /join K7Q2MX.
join-unknown = The code “{ $code }” is not valid, or it has expired. Please check it or ask your teacher for a new one.
join-direct = Please write to me in a direct chat to join a course.
courses-list = Your courses:
courses-current = in use
role-student = student
role-teacher = teacher
switched = Questions now go to “{ $course }”.
switched-group = This chat is now about “{ $course }”. Everybody here can ask about its notes.
switch-how = Write /switch and one of your courses:
course-unknown = There is no course “{ $course }” that you are in.
course-created = The course “{ $title }” is ready. Its identifier is { $course }. Send me its notes as files, and invite students with /invite.
course-exists = There is a course “{ $course }” already. Please choose another identifier.
course-how = Write /create, an identifier (a-z, 0-9, - and _) and a title, such as: /create cs231n Deep learning for vision
course-bad-id = “{ $id }” cannot be a course's identifier. Use 1 to 64 of a-z, 0-9, - and _.
invited = Invitation to “{ $course }” for the role { $role }: /join { $code } (valid for { $days } days; many people may use it)
rules-now = Sentences that the notes do not support are { $rule ->
    [drop] left out
   *[mark] kept and marked
 } in “{ $course }”.
rules-how = Write /rules mark or /rules drop to choose.
teacher-only = Only a teacher of “{ $course }” may do that.
admin-only = Only an admin may do that. Admins are named in the settings of the tutor.

## Documents
documents-none = “{ $course }” has no notes yet.
documents-list = The notes of “{ $course }”:
learned-added = Learned { $name }: { $passages }.
learned-replaced = Learned the new version of { $name }: { $passages }. The old one is gone.
learned-unchanged = { $name } has not changed; I know it already.
removed = { $name } is forgotten. Send it again to undo this.
remove-how = Write /remove and the name of one of these documents:
remove-unknown = “{ $course }” has no document “{ $name }”.
learn-how = Send me a file (Markdown, text, HTML or PDF), and I learn it for “{ $course }”.

## Files that cannot be learned
file-unsupported = I cannot read { $name }. I can read { $supported }.
file-wrong-type = { $name } is not what its name says, so I did not read it. Please check the file.
file-corrupt = { $name } is damaged and cannot be read. Please save or export it again.
file-password = { $name } is protected by a password. Please send it without one.
file-no-text = { $name } has no text, only images. Please send a version with text in it.
file-empty = { $name } is empty.
file-too-large = { $name } is too large. The limit is { $limit }.
file-too-slow = { $name } took too long to read, so I stopped. Please split it.
file-fetch = I could not fetch { $name }. Please send it again.
file-cancelled = Reading { $name } was stopped; nothing was changed.

## About you
language-set = I answer in English from now on. Write /language auto to have me follow the language that you write in.
language-auto = I follow the language that you write in.
language-how = Write /language en, /language zh or /language auto.
link-code = Write this to me from your other account within { $minutes } minutes: /link { $code }
link-done = Both accounts are you now: courses, answers and settings are shared.
link-unknown = The code “{ $code }” is not valid, or it has expired. Write /link without a code to get a new one.
direct-only = That is private. Please write it to me in a direct chat.
export-done = This is all that I keep about you, in one JSON file.
export-no-files = This place cannot show files. Please use a direct chat in another app or the command line.
forget-ask = Shall I forget all that I keep about you: your courses, your questions and my answers? This cannot be undone. /export gives you a copy first.
forget-confirm = Yes, forget me
forget-keep = No, keep it
forget-done = Done. I have forgotten you: { $turns } answers and { $records } other records are gone, from the disk too.
forget-kept = Nothing was changed.
usage-mine = Your answers so far: { $turns }. Tokens read: { $prompt } (of these { $cached } from the cache), written: { $completion }.
fresh = We start afresh. Your next question stands for itself.

## The teacher's list
questions-none = No questions were passed on in “{ $course }”.
questions-list = Questions that the notes of “{ $course }” did not answer:
question-done = Done
question-closed = The question is off the list.

## Help
start = Hello! I am your course tutor. I answer questions from your teacher's notes and show where it stands there.
start-next = Write /join and your invitation code to begin, or /help to see what I can do.
help-intro = Ask me in your own words, such as: { $example }
help-example = What does the learning rate do?
help-follow = You can ask back (“and why is that?”), in English or Chinese.
help-commands = Commands:
unknown-command = I do not know the command /{ $name }. /help shows what I can do.
not-text = I can read text and files, not this. Please write your question.
empty = That message was empty. Please write your question.
too-long = That message is too long: { $length } characters. Please keep to { $limit }, or send it as a file.
too-many = Too many messages are waiting in this chat. Please wait for the answers.

## Troubles
trouble-busy = Many people are asking right now ({ $waiting } before you). Please try again in a moment.
trouble-stopping = The tutor is being restarted. Please try again in a minute.
trouble-store = I could not save that, so nothing was changed. The disk of the tutor may be full; please tell your teacher.
trouble-index = I could not read the course's notes just now. Please tell your teacher.
trouble-model = The model failed at this answer. Please try again; if it goes on, tell your teacher.
trouble-model-missing = The model of the tutor cannot be loaded. Please tell your teacher. ({ $reason })
trouble-prompt = This is too long for the model: { $tokens } tokens, where { $limit } fit. Please shorten it.
trouble-template = A prompt template is wrong. Please tell your teacher.

## The commands of the chat: what each does, then its argument
command-start = Begin
command-help = What I can do
command-ask = Ask about the course
command-ask-argument = Your question
command-summary = Summarise a document, a section or a topic
command-summary-argument = Its name, or a topic
command-join = Join a course
command-join-argument = The invitation code
command-courses = Show your courses
command-switch = Choose the course that you ask about
command-switch-argument = The course
command-new = Start a new conversation
command-stop = Stop the answer that is being written
command-language = Choose the language of my answers
command-language-argument = en, zh or auto
command-usage = Show what your answers cost
command-link = Connect your accounts on two platforms
command-link-argument = The code, on the second account
command-export = Get all that I keep about you
command-forget = Forget all that I keep about you
command-documents = Show the course's documents
command-learn = Teach me a document (teachers)
command-learn-argument = The file
command-remove = Remove a document (teachers)
command-remove-argument = The document's name
command-invite = Make an invitation code (teachers)
command-invite-argument = student or teacher
command-questions = Show questions that were passed on (teachers)
command-rules = What happens to unsupported sentences (teachers)
command-rules-argument = mark or drop
command-create = Create a course (admins)
command-create-argument = Its identifier and its title
