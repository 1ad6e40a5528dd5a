;; # The length of a string, byte by byte.
;; # jit entry next
;;         larl  %r2,text
;;         lgr   %r1,%r2
;; next:   cli   0(%r1),0
;;         je    end
;;         aghi  %r1,1
;;         j     next
;; end:    sgr   %r1,%r2
;;         svc   255
;; text:   .asciz "how long is this?"
;;
;; 64-bit mode, 6 guest instructions in 3 blocks, 460 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r1 i64) (local $t16 i64) (local $t17 i64) (local $t18 i32) (local $t19 i32) (local $t20 i32) (local $t21 i32) (local $t22 i32)
    (local $r2 i64) (local $t24 i64) (local $t25 i64) (local $t26 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_next
        (block $to_leave

          ;; 1000a next: cli 0(%r1),0
          (local.set $t16 (local.get $r1))
          (local.set $t17 (local.get $t16))
          (local.set $t18 (i32.wrap_i64 (local.get $t17)))
          (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t18) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load (local.get $t19)) (local.get $t17)) (i64.const -4096)) (then
            (local.set $end (i32.const 11))
            (br $to_leave)
          ) (else
            (local.set $t20 (i32.sub (i32.load offset=8 (local.get $t19)) (local.get $t18)))
          ))
          (local.set $t21 (i32.load8_u offset=15 (local.get $t20)))
          (local.set $t22 (local.get $t21))
          (local.set $cc_b32 (i32.const 0))
          (local.set $cc_a32 (local.get $t22))
          (local.set $cc_kind (i32.const 2))

          ;; 1000e: je end
          (if (i32.eq (local.get $cc_a32) (local.get $cc_b32)) (then
            (block $to_leave'

              ;; 1001a end: sgr %r1,%r2
              (local.set $t17 (local.get $r2))
              (local.set $t16 (local.get $r1))
              (local.set $t24 (i64.sub (local.get $t16) (local.get $t17)))
              (local.set $r1 (local.get $t24))
              (local.set $t25 (local.get $t16))
              (local.set $cc_b64 (local.get $t17))
              (local.set $cc_a64 (local.get $t25))
              (local.set $cc_kind (i32.const 10))

              ;; 1001e: svc 255
              (local.set $end (i32.const 30))
              (br $to_leave')
              (unreachable)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)
          ))
          (block $to_leave'

            ;; 10012: aghi %r1,1
            (local.set $t25 (local.get $r1))
            (local.set $t24 (i64.add (local.get $t25) (i64.const 1)))
            (local.set $r1 (local.get $t24))
            (local.set $t16 (local.get $t25))
            (local.set $cc_b64 (i64.const 1))
            (local.set $cc_a64 (local.get $t16))
            (local.set $cc_kind (i32.const 8))

            ;; 10016: j next
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 10))
              (br $to_leave')
            ))
            (br $loop_next)
            (unreachable)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )

        ;; leave: where all exits of the block meet
        (br $to_exit)
      )
      (unreachable)
    )

    ;; exit: the instruction address
    (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (if (local.get $cc_kind) (then
      (local.set $t26
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t26 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t26)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
