# What mdl (markdownlint, the Ruby one) holds documents to: all of its rules except these.
all
rule 'MD024', :allow_different_nesting => true  # CHANGELOG's sections
rule 'MD026', :punctuation => '.,;:!'    # "Nothing happened?"
rule 'MD029', :style => :ordered
exclude_rule 'MD013'                     # tables have long lines
exclude_rule 'MD014'                     # a block of commands shows with "$" what is typed
exclude_rule 'MD031'                     # a comment just before a block says where it is run
