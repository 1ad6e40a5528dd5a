;; # A switch: a branch to an address from a table.
;; # jit entry again
;; # jit targets switch: zero one two three
;;         larl  %r5,table
;;         lghi  %r1,9
;;         lghi  %r2,0
;; again:  lgr   %r3,%r1
;;         nill  %r3,3
;;         sllg  %r3,%r3,3
;;         lg    %r4,0(%r3,%r5)
;; switch: br    %r4
;; zero:   aghi  %r2,1
;;         j     next
;; one:    aghi  %r2,10
;;         j     next
;; two:    aghi  %r2,100
;;         j     next
;; three:  aghi  %r2,1000
;; next:   brctg %r1,again
;;         svc   255
;;         .align 8
;; table:  .quad zero,one,two,three
;;
;; 64-bit mode, 14 guest instructions in 7 blocks, 784 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r1 i64) (local $r3 i64) (local $t17 i64) (local $r5 i64) (local $t19 i64) (local $t20 i32) (local $t21 i32) (local $t22 i32)
    (local $t23 i64) (local $r4 i64) (local $r2 i64) (local $t26 i64) (local $t27 i64) (local $t28 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_store
      (block $to_exit
        (loop $loop_again
          (block $to_next
            (block $to_leave

              ;; 1000e again: lgr %r3,%r1
              (local.set $r3 (local.get $r1))

              ;; 10012: nill %r3,3
              (local.set $t17 (i64.and (local.get $r3) (i64.const -65533)))
              (local.set $r3 (local.get $t17))
              (local.set $cc (i64.ne (i64.and (local.get $t17) (i64.const 65535)) (i64.const 0)))
              (local.set $cc_kind (i32.const 0))

              ;; 10016: sllg %r3,%r3,3
              (local.set $r3 (i64.shl (local.get $r3) (i64.const 3)))

              ;; 1001c: lg %r4,0(%r3,%r5)
              (local.set $t17 (i64.add (local.get $r5) (local.get $r3)))
              (local.set $t19 (local.get $t17))
              (local.set $t20 (i32.wrap_i64 (local.get $t19)))
              (local.set $t21 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t20) (i32.const 8)) (i32.const 16368))))
              (if (i64.lt_u (i64.sub (i64.load (local.get $t21)) (local.get $t19)) (i64.const -4089)) (then
                (local.set $end (i32.const 29))
                (br $to_leave)
              ) (else
                (local.set $t22 (i32.sub (i32.load offset=8 (local.get $t21)) (local.get $t20)))
              ))
              (local.set $t23 (i64.load offset=8 (local.get $t22)))
              (local.set $r4 (local.get $t23))

              ;; 10022 switch: br %r4
              (local.set $t23 (local.get $r4))
              (local.set $t19 (i64.rotl (i64.sub (local.get $t23) (i64.add (local.get $base) (i64.const 36))) (i64.const 63)))
              (block $b1
                (block $to_zero
                  (block $to_one
                    (block $to_two
                      (block $to_three
                        (br_if $b1 (i64.gt_u (local.get $t19) (i64.const 12)))
                        (br_table $to_zero $b1 $b1 $b1 $to_one $b1 $b1 $b1 $to_two $b1 $b1 $b1 $to_three $b1 (i32.wrap_i64 (local.get $t19)))
                      )

                      ;; 1003c three: aghi %r2,1000
                      (local.set $t17 (local.get $r2))
                      (local.set $t26 (i64.add (local.get $t17) (i64.const 1000)))
                      (local.set $r2 (local.get $t26))
                      (local.set $t27 (local.get $t17))
                      (local.set $cc_b64 (i64.const 1000))
                      (local.set $cc_a64 (local.get $t27))
                      (local.set $cc_kind (i32.const 8))
                      (br $to_next)

                      ;; leave: where all exits of the block meet
                      (br $to_exit)
                    )

                    ;; 10034 two: aghi %r2,100
                    (local.set $t27 (local.get $r2))
                    (local.set $t26 (i64.add (local.get $t27) (i64.const 100)))
                    (local.set $r2 (local.get $t26))
                    (local.set $t17 (local.get $t27))
                    (local.set $cc_b64 (i64.const 100))
                    (local.set $cc_a64 (local.get $t17))
                    (local.set $cc_kind (i32.const 8))

                    ;; 10038: j next
                    (br $to_next)
                    (unreachable)

                    ;; leave: where all exits of the block meet
                    (br $to_exit)
                  )

                  ;; 1002c one: aghi %r2,10
                  (local.set $t17 (local.get $r2))
                  (local.set $t26 (i64.add (local.get $t17) (i64.const 10)))
                  (local.set $r2 (local.get $t26))
                  (local.set $t27 (local.get $t17))
                  (local.set $cc_b64 (i64.const 10))
                  (local.set $cc_a64 (local.get $t27))
                  (local.set $cc_kind (i32.const 8))

                  ;; 10030: j next
                  (br $to_next)
                  (unreachable)

                  ;; leave: where all exits of the block meet
                  (br $to_exit)
                )

                ;; 10024 zero: aghi %r2,1
                (local.set $t27 (local.get $r2))
                (local.set $t26 (i64.add (local.get $t27) (i64.const 1)))
                (local.set $r2 (local.get $t26))
                (local.set $t17 (local.get $t27))
                (local.set $cc_b64 (i64.const 1))
                (local.set $cc_a64 (local.get $t17))
                (local.set $cc_kind (i32.const 8))

                ;; 10028: j next
                (br $to_next)
                (unreachable)

                ;; leave: where all exits of the block meet
                (br $to_exit)
              )
              (i64.store (i32.const 2336) (i64.const 0xe00000022)) (; INDIRECT_SITE ;)
              (i64.store (i32.const 2344) (local.get $base)) (; INDIRECT_BASE ;)
              (i64.store (i32.const 2352) (local.get $t23)) (; INDIRECT_TARGET ;)
              (local.set $address (local.get $t23))
              (local.set $end (i32.const 0))
              (br $to_store)
              (unreachable)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )
          (block $to_leave

            ;; 10040 next: brctg %r1,again
            (local.set $t19 (i64.sub (local.get $r1) (i64.const 1)))
            (local.set $r1 (local.get $t19))
            (local.set $t22 (i64.ne (local.get $t19) (i64.const 0)))
            (if (local.get $t22) (then
              (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
              (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                (local.set $end (i32.const 14))
                (br $to_leave)
              ))
              (br $loop_again)
            ))
            (block $to_leave'

              ;; 10044: svc 255
              (local.set $end (i32.const 68))
              (br $to_leave')
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
    )

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
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
