;; # A function that is called from two places.
;; # jit entry again
;;         lghi  %r2,1
;;         lghi  %r3,5
;; again:  brasl %r14,double
;;         aghi  %r2,1
;;         brasl %r14,double
;;         brctg %r3,again
;;         svc   255
;; double: agr   %r2,%r2
;;         br    %r14
;;
;; 64-bit mode, 7 guest instructions in 5 blocks, 526 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $t15 i64) (local $r14 i64) (local $r2 i64) (local $t18 i64) (local $t19 i64) (local $t20 i64) (local $t21 i64) (local $r3 i64)
    (local $t23 i32) (local $t24 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r14 (i64.load (i32.const 1136)) (; %r14 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_store
      (block $to_exit
        (loop $loop_again

          ;; 10008 again: brasl %r14,double
          (local.set $t15 (i64.add (local.get $base) (i64.const 14)))
          (local.set $r14 (local.get $t15))
          (loop $loop_double

            ;; 1001e double: agr %r2,%r2
            (local.set $t18 (local.get $r2))
            (local.set $t19 (local.get $r2))
            (local.set $t20 (i64.add (local.get $t19) (local.get $t18)))
            (local.set $r2 (local.get $t20))
            (local.set $t21 (local.get $t19))
            (local.set $cc_b64 (local.get $t18))
            (local.set $cc_a64 (local.get $t21))
            (local.set $cc_kind (i32.const 8))

            ;; 10022: br %r14
            (local.set $t21 (local.get $r14))
            (if (i64.eq (local.get $t21) (i64.add (local.get $base) (i64.const 14))) (then
              (block $to_leave

                ;; 1000e: aghi %r2,1
                (local.set $t20 (local.get $r2))
                (local.set $t19 (i64.add (local.get $t20) (i64.const 1)))
                (local.set $r2 (local.get $t19))
                (local.set $t18 (local.get $t20))
                (local.set $cc_b64 (i64.const 1))
                (local.set $cc_a64 (local.get $t18))
                (local.set $cc_kind (i32.const 8))

                ;; 10012: brasl %r14,double
                (local.set $t18 (i64.add (local.get $base) (i64.const 24)))
                (local.set $r14 (local.get $t18))
                (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                  (local.set $end (i32.const 30))
                  (br $to_leave)
                ))
                (br $loop_double)
                (unreachable)
              )

              ;; leave: where all exits of the block meet
              (br $to_exit)
            ))
            (if (i64.eq (local.get $t21) (i64.add (local.get $base) (i64.const 24))) (then
              (block $to_leave

                ;; 10018: brctg %r3,again
                (local.set $t18 (i64.sub (local.get $r3) (i64.const 1)))
                (local.set $r3 (local.get $t18))
                (local.set $t23 (i64.ne (local.get $t18) (i64.const 0)))
                (if (local.get $t23) (then
                  (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                  (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                    (local.set $end (i32.const 8))
                    (br $to_leave)
                  ))
                  (br $loop_again)
                ))
                (block $to_leave'

                  ;; 1001c: svc 255
                  (local.set $end (i32.const 28))
                  (br $to_leave')
                  (unreachable)
                )

                ;; leave: where all exits of the block meet
                (br $to_exit)
              )

              ;; leave: where all exits of the block meet
              (br $to_exit)
            ))
            (local.set $address (local.get $t21))
            (local.set $end (i32.const 0))
            (br $to_store)
            (unreachable)

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )
          (unreachable)

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (unreachable)
      )

      ;; exit: the instruction address
      (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))
    )

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1136) (local.get $r14)) (; %r14 ;)
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (if (local.get $cc_kind) (then
      (local.set $t24
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t24 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t24)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
