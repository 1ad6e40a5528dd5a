;; # 31-bit addressing mode: addresses wrap, branches leave their top bit.
;; # jit mode 31
;; # jit entry again
;;         larl  %r1,numbers
;;         lhi   %r2,0
;;         lhi   %r3,3
;; again:  a     %r2,0(%r1)
;;         la    %r1,4(%r1)
;;         bras  %r14,halve
;;         brct  %r3,again
;;         svc   255
;; halve:  sra   %r2,1
;;         br    %r14
;;         .align 4
;; numbers: .long 100,-7,33
;;
;; 31-bit mode, 7 guest instructions in 4 blocks, 653 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r1 i64) (local $t16 i64) (local $t17 i64) (local $t18 i32) (local $t19 i32) (local $t20 i32) (local $t21 i32) (local $r2 i64)
    (local $t23 i32) (local $t24 i32) (local $t25 i32) (local $r14 i64) (local $r3 i64) (local $t28 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r14 (i64.load (i32.const 1136)) (; %r14 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_store
      (block $to_exit
        (loop $loop_again
          (block $to_leave

            ;; 1000e again: a %r2,0(%r1)
            (local.set $t16 (i64.and (local.get $r1) (i64.const 0x7fffffff)))
            (local.set $t17 (local.get $t16))
            (local.set $t18 (i32.wrap_i64 (local.get $t17)))
            (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t18) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load (local.get $t19)) (local.get $t17)) (i64.const -4093)) (then
              (local.set $end (i32.const 15))
              (br $to_leave)
            ) (else
              (local.set $t20 (i32.sub (i32.load offset=8 (local.get $t19)) (local.get $t18)))
            ))
            (local.set $t21 (i32.load offset=12 (local.get $t20)))
            (local.set $t23 (i32.wrap_i64 (local.get $r2)))
            (local.set $t24 (i32.add (local.get $t23) (local.get $t21)))
            (local.set $r2 (i64.or (i64.and (local.get $r2) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t24))))
            (local.set $t25 (local.get $t23))
            (local.set $cc_b32 (local.get $t21))
            (local.set $cc_a32 (local.get $t25))
            (local.set $cc_kind (i32.const 7))

            ;; 10012: la %r1,4(%r1)
            (local.set $t17 (i64.and (i64.add (local.get $r1) (i64.const 4)) (i64.const 0x7fffffff)))
            (local.set $r1
              (i64.or (i64.and (local.get $r1) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (i32.wrap_i64 (local.get $t17)))))

            ;; 10016: bras %r14,halve
            (local.set $t17 (i64.and (i64.add (local.get $base) (i64.const 26)) (i64.const 0x7fffffff)))
            (local.set $r14
              (i64.or
                (i64.and (local.get $r14) (i64.const 0xffffffff00000000))
                (i64.extend_i32_u (i32.or (i32.wrap_i64 (local.get $t17)) (i32.const 0x80000000)))))

            ;; 10020 halve: sra %r2,1
            (local.set $t25 (i32.wrap_i64 (i64.shr_s (i64.extend_i32_s (i32.wrap_i64 (local.get $r2))) (i64.const 1))))
            (local.set $r2 (i64.or (i64.and (local.get $r2) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t25))))
            (local.set $t24 (local.get $t25))
            (local.set $cc_b32 (i32.const 0))
            (local.set $cc_a32 (local.get $t24))
            (local.set $cc_kind (i32.const 1))

            ;; 10024: br %r14
            (local.set $t16 (i64.and (local.get $r14) (i64.const 0x7fffffff)))
            (if (i64.eq (local.get $t16) (i64.add (local.get $base) (i64.const 26))) (then
              (block $to_leave'

                ;; 1001a: brct %r3,again
                (local.set $t24 (i32.sub (i32.wrap_i64 (local.get $r3)) (i32.const 1)))
                (local.set $r3 (i64.or (i64.and (local.get $r3) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t24))))
                (if (local.get $t24) (then
                  (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                  (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                    (local.set $end (i32.const 14))
                    (br $to_leave')
                  ))
                  (br $loop_again)
                ))
                (block $to_leave''

                  ;; 1001e: svc 255
                  (local.set $end (i32.const 30))
                  (br $to_leave'')
                  (unreachable)
                )

                ;; leave: where all exits of the block meet
                (br $to_exit)
              )

              ;; leave: where all exits of the block meet
              (br $to_exit)
            ))
            (local.set $address (local.get $t16))
            (local.set $end (i32.const 0))
            (br $to_store)
            (unreachable)

            ;; leave: where all exits of the block meet
            (br $to_exit)
            (unreachable)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (unreachable)
      )

      ;; exit: the instruction address
      (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))
    )

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (i64.store (i32.const 1136) (local.get $r14)) (; %r14 ;)
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (if (local.get $cc_kind) (then
      (local.set $t28
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t28 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t28)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
