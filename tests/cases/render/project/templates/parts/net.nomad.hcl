[[% macro port(number) %]]
port "http" {
    static = [[ number ]]
  }
[[%- endmacro %]]
